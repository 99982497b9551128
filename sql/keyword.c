/* keyword.c: see keyword.h. A sorted table and a binary search; the words are few and short. */
#include "sql/keyword.h"

#include "engine/base/attr.h"
#include "sql/grammar.h"

enum {
    NEAR_DISTANCE = 2, /* two slips of the hand */
    NEAR_BYTES_MIN = 3,
};

const struct keyword keyword_table[] = {
    {"ADD", TK_RESERVED, true}, {"ALL", TK_ALL, true}, {"ALTER", TK_RESERVED, true},
    {"ANALYZE", TK_ANALYZE, false}, {"AND", TK_AND, true}, {"AS", TK_AS, true},
    {"ASC", TK_ASC, false}, {"AUTOINCREMENT", TK_RESERVED, true}, {"BETWEEN", TK_BETWEEN, true},
    {"BY", TK_BY, false}, {"CASE", TK_CASE, true}, {"CAST", TK_CAST, false},
    {"CHECK", TK_RESERVED, true}, {"CHECKPOINT", TK_CHECKPOINT, false},
    {"COLLATE", TK_COLLATE, true}, {"COMMENT", TK_COMMENT, false}, {"COMMIT", TK_RESERVED, true},
    {"CONSTRAINT", TK_CONSTRAINT, true}, {"COST", TK_COST, false}, {"CREATE", TK_CREATE, true},
    {"CROSS", TK_JOIN_KW, false}, {"CURRENT", TK_CURRENT, false}, {"DATE", TK_TIMEWORD, false},
    {"DAY", TK_UNIT, false}, {"DAYS", TK_UNIT, false}, {"DEFAULT", TK_RESERVED, true},
    {"DEFERRABLE", TK_RESERVED, true}, {"DEFINE", TK_DEFINE, false}, {"DELETE", TK_DELETE, true},
    {"DESC", TK_DESC, false}, {"DESCRIBE", TK_DESCRIBE, false}, {"DISTINCT", TK_DISTINCT, true},
    {"DROP", TK_DROP, true}, {"ELSE", TK_ELSE, true}, {"EMIT", TK_EMIT, true},
    {"END", TK_END, false}, {"ENFORCED", TK_ENFORCED, false}, {"ESCAPE", TK_ESCAPE, true},
    {"EXCEPT", TK_EXCEPT, true}, {"EXISTS", TK_EXISTS, true}, {"EXPLAIN", TK_EXPLAIN, false},
    {"EXPORT", TK_EXPORT, false}, {"FETCH", TK_FETCH, false}, {"FILTER", TK_FILTER, false},
    {"FIRST", TK_FIRST, false}, {"FOLLOWING", TK_FOLLOWING, false}, {"FOR", TK_FOR, false},
    {"FOREIGN", TK_RESERVED, true}, {"FROM", TK_FROM, true}, {"FULL", TK_JOIN_KW, false},
    {"FUNCTION", TK_FUNCTION, false}, {"GLOB", TK_LIKE_KW, false}, {"GROUP", TK_GROUP, true},
    {"GROUPS", TK_GROUPS, false}, {"HAVING", TK_HAVING, true}, {"HOUR", TK_UNIT, false},
    {"HOURS", TK_UNIT, false}, {"IF", TK_IF, false}, {"IMMUTABLE", TK_VOLATILITY, false},
    {"IN", TK_IN, true}, {"INDEX", TK_RESERVED, true}, {"INNER", TK_JOIN_KW, false},
    {"INPUT", TK_INPUT, false}, {"INSERT", TK_INSERT, true}, {"INTERSECT", TK_INTERSECT, true},
    {"INTERVAL", TK_INTERVAL, false}, {"INTO", TK_INTO, true}, {"IS", TK_IS, true},
    {"ISNULL", TK_ISNULL, true}, {"ISOLATED", TK_ISOLATED, false}, {"JOIN", TK_JOIN, true},
    {"KEY", TK_KEY, false}, {"LANGUAGE", TK_LANGUAGE, false}, {"LAST", TK_LAST, false},
    {"LATERAL", TK_LATERAL, false}, {"LEFT", TK_JOIN_KW, false}, {"LIKE", TK_LIKE_KW, false},
    {"LIMIT", TK_LIMIT, true}, {"LOAD", TK_LOAD, false}, {"LSN", TK_LSN, false},
    {"MATCH", TK_MATCH, false}, {"MATERIALIZED", TK_MATERIALIZED, false},
    {"METADATA", TK_METADATA, false}, {"MICROSECOND", TK_UNIT, false},
    {"MICROSECONDS", TK_UNIT, false}, {"MILLISECOND", TK_UNIT, false},
    {"MILLISECONDS", TK_UNIT, false}, {"MINUTE", TK_UNIT, false}, {"MINUTES", TK_UNIT, false},
    {"MODEL", TK_MODEL, false}, {"MONTH", TK_UNIT, false}, {"MONTHS", TK_UNIT, false},
    {"NATURAL", TK_JOIN_KW, false}, {"NEXT", TK_NEXT, false}, {"NOT", TK_NOT, true},
    {"NOTHING", TK_RESERVED, true}, {"NOTNULL", TK_NOTNULL, true}, {"NULL", TK_NULL, true},
    {"NULLS", TK_NULLS, false}, {"OF", TK_OF, false}, {"OFFSET", TK_OFFSET, false},
    {"ON", TK_ON, true}, {"ONLY", TK_ONLY, false}, {"OR", TK_OR, true}, {"ORDER", TK_ORDER, true},
    {"ORDINALITY", TK_ORDINALITY, false}, {"OUTER", TK_JOIN_KW, false},
    {"OUTPUT", TK_OUTPUT, false}, {"OVER", TK_OVER, false}, {"PARTITION", TK_PARTITION, false},
    {"PARTITIONED", TK_PARTITIONED, false}, {"PLAN", TK_PLAN, false},
    {"PRECEDING", TK_PRECEDING, false}, {"PRECISION", TK_PRECISION, false},
    {"PRIMARY", TK_PRIMARY, true}, {"QUARTER", TK_UNIT, false}, {"QUARTERS", TK_UNIT, false},
    {"QUERY", TK_QUERY, false}, {"RANGE", TK_RANGE, false}, {"RECURSIVE", TK_RECURSIVE, false},
    {"REFERENCES", TK_RESERVED, true}, {"REGEXP", TK_LIKE_KW, false},
    {"REPLACE", TK_REPLACE, false}, {"REPLAY", TK_REPLAY, false}, {"RESET", TK_RESET, false},
    {"RETURNING", TK_RESERVED, true}, {"RETURNS", TK_RETURNS, false}, {"RIGHT", TK_JOIN_KW, false},
    {"ROW", TK_ROW, false}, {"ROWS", TK_ROWS, false}, {"SECOND", TK_UNIT, false},
    {"SECONDS", TK_UNIT, false}, {"SELECT", TK_SELECT, true}, {"SET", TK_SET, true},
    {"SHOW", TK_SHOW, false}, {"STABLE", TK_VOLATILITY, false}, {"STREAM", TK_STREAM, false},
    {"STRICT", TK_STRICT, false}, {"SYSTEM", TK_SYSTEM, false},
    {"SYSTEM_TIME", TK_SYSTEM_TIME, false}, {"TABLE", TK_TABLE, true},
    {"TEMP", TK_TEMPORARY, false}, {"TEMPORARY", TK_TEMPORARY, false}, {"THEN", TK_THEN, true},
    {"TIME", TK_TIMEWORD, false}, {"TIMESTAMP", TK_TIMEWORD, false}, {"TO", TK_TO, true},
    {"TRANSACTION", TK_RESERVED, true}, {"TRY_CAST", TK_CAST, false}, {"UNION", TK_UNION, true},
    {"UNIQUE", TK_RESERVED, true}, {"UPDATE", TK_UPDATE, true}, {"USING", TK_USING, true},
    {"VALUES", TK_VALUES, true}, {"VIEW", TK_VIEW, false}, {"VOLATILE", TK_VOLATILITY, false},
    {"WATERMARK", TK_WATERMARK, false}, {"WEEK", TK_UNIT, false}, {"WEEKS", TK_UNIT, false},
    {"WHEN", TK_WHEN, true}, {"WHERE", TK_WHERE, true}, {"WINDOW", TK_WINDOW, false},
    {"WITH", TK_WITH, false}, {"WITHIN", TK_WITHIN, false}, {"WITHOUT", TK_WITHOUT, false},
    {"YEAR", TK_UNIT, false}, {"YEARS", TK_UNIT, false},
};

const uint32_t keyword_count = COUNT_OF(keyword_table);

const struct keyword *keyword_find(struct text word) {
    uint32_t low = 0, high = keyword_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = text_compare_fold(word, text_of(keyword_table[middle].word));
        if (order == 0) return &keyword_table[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const struct keyword *keyword_nearest(struct text word) {
    if (word.bytes < NEAR_BYTES_MIN) return NULL;

    const struct keyword *best = NULL;
    uint32_t least = word.bytes < 5 ? 1 : NEAR_DISTANCE;
    for (uint32_t i = 0; i < keyword_count; i++) {
        const struct keyword *k = &keyword_table[i];
        uint32_t distance = text_distance(word, text_of(k->word), least + 1);
        if (distance > least) continue;
        if (best && distance == least) continue;
        best = k;
        least = distance;
    }
    return best;
}
