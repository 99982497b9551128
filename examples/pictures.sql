-- Pictures as a stream: a folder of drawn digits, as if a camera had seen one every tenth of a second,
-- is read by a network that weir taught itself (see examples/data). Each window says what was in it
-- when it closes. To be run where the repository begins: the paths are relative.
CREATE STREAM picture (
  path TEXT,
  bytes BLOB,
  ts TIMESTAMP(3),
  label AS REGEXP_EXTRACT(path, 'label([0-9])', 1), -- what was drawn
  WATERMARK FOR ts AS ts
) WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = 'examples/data/drawn',
        'timestamp.start' = '2026-01-01 10:00:00', 'timestamp.step' = '100 ms');

CREATE MODEL digits INPUT (image IMAGE) OUTPUT (label TEXT, score DOUBLE)
  WITH ('provider' = 'onnx', 'path' = 'examples/data/digits.onnx');

CREATE VIEW digit AS
  SELECT ts, label, classify(MODEL digits, image_decode(bytes)) AS seen FROM picture;

SELECT window_start,
       COUNT(*) AS images,
       COUNT(DISTINCT seen) AS kinds,
       COUNT(*) FILTER (WHERE seen = '7') AS sevens,
       CAST(ACCURACY(seen, label) AS DECIMAL(4, 2)) AS accuracy,
       LISTAGG(label || ' as ' || seen) FILTER (WHERE seen <> label) AS mistaken
FROM TUMBLE(TABLE digit, DESCRIPTOR(ts), INTERVAL '5' SECOND)
GROUP BY window_start, window_end;
