/* decode_yardstick.cc: see decode_yardstick.h. The only C++ of the tree. */
#include "bench/decode_yardstick.h"

#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string>

namespace {

using simdjson::ondemand::document_reference;

int two(const char *at) {
    return (at[0] - '0') * 10 + (at[1] - '0');
}

/* 'YYYY-MM-DD HH:MM:SS.fff', trusted. */
int64_t time_us(std::string_view t) {
    if (t.size() != 23) return 0;
    const char *at = t.data();
    int64_t y = two(at) * 100 + two(at + 2);
    int64_t m = two(at + 5), d = two(at + 8);
    y -= m <= 2;
    int64_t era = y / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    int64_t ms = (at[20] - '0') * 100 + two(at + 21);
    int64_t s = ((days * 24 + two(at + 11)) * 60 + two(at + 14)) * 60 + two(at + 17);
    return (s * 1000 + ms) * 1000;
}

template <typename Doc> bool take(Doc &&doc, bid_columns &c, uint32_t row) {
    std::string_view channel, url, time;
    if (doc["auction"].get(c.auction[row])) return false;
    if (doc["bidder"].get(c.bidder[row])) return false;
    if (doc["price"].get(c.price[row])) return false;
    if (doc["channel"].get(channel)) return false;
    if (doc["url"].get(url)) return false;
    if (doc["dateTime"].get(time)) return false;
    c.channel[row] = {channel.data(), static_cast<uint32_t>(channel.size())};
    c.url[row] = {url.data(), static_cast<uint32_t>(url.size())};
    c.time_us[row] = time_us(time);
    return true;
}

void add_up(const bid_columns &c, uint32_t rows, bid_sum *out) {
    out->rows += rows;
    for (uint32_t r = 0; r < rows; r++) {
        out->auction += static_cast<uint64_t>(c.auction[r]);
        out->bidder += static_cast<uint64_t>(c.bidder[r]);
        out->price += static_cast<uint64_t>(c.price[r]);
        out->time_us += static_cast<uint64_t>(c.time_us[r]);
        out->channel_bytes += c.channel[r].bytes;
        out->url_bytes += c.url[r].bytes;
    }
}

} // namespace

extern "C" int yard_simdjson_lines(const char *at, size_t bytes, struct bid_sum *out) {
    simdjson::ondemand::parser parser;
    auto columns = std::make_unique<bid_columns>();
    const char *end = at + bytes;
    uint32_t row = 0;
    while (at < end) {
        const char *feed =
            static_cast<const char *>(memchr(at, '\n', static_cast<size_t>(end - at)));
        size_t n = static_cast<size_t>((feed ? feed : end) - at);
        simdjson::ondemand::document doc;
        if (parser.iterate(simdjson::padded_string_view(at, n, n + simdjson::SIMDJSON_PADDING))
                .get(doc))
            return 0;
        if (!take(doc, *columns, row)) return 0;
        if (++row == YARD_ROWS) {
            add_up(*columns, row, out);
            row = 0;
        }
        at = feed ? feed + 1 : end;
    }
    add_up(*columns, row, out);
    return 1;
}

extern "C" int yard_simdjson_many(const char *at, size_t bytes, struct bid_sum *out) {
    simdjson::ondemand::parser parser;
#ifdef SIMDJSON_THREADS_ENABLED
    parser.threaded = false; /* one core, as we have */
#endif
    auto columns = std::make_unique<bid_columns>();
    simdjson::ondemand::document_stream stream;
    if (parser.iterate_many(at, bytes, size_t{1} << 20).get(stream)) return 0;
    uint32_t row = 0;
    for (auto doc : stream) {
        if (doc.error() || !take(doc, *columns, row)) return 0;
        if (++row == YARD_ROWS) {
            add_up(*columns, row, out);
            row = 0;
        }
    }
    add_up(*columns, row, out);
    return 1;
}

extern "C" const char *yard_simdjson_kernel(void) {
    static const std::string name = simdjson::get_active_implementation()->name();
    return name.c_str();
}
