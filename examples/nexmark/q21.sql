-- A number for each channel: known ones by name, others from their address.
SELECT auction, bidder, price, channel,
       CASE lower(channel) WHEN 'apple' THEN '0'
                           WHEN 'google' THEN '1'
                           WHEN 'facebook' THEN '2'
                           WHEN 'baidu' THEN '3'
                           ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END AS channel_id
FROM bid
WHERE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL
   OR lower(channel) IN ('apple', 'google', 'facebook', 'baidu');
