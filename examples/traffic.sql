-- A road: what a detector finds in the frames of a camera, numbered so that one thing is counted once,
-- and counted by kind over the last ten seconds, every five.
--
--   weir run --define frames=FOLDER --define network=yolox_nano.onnx --define labels=coco.txt \
--            examples/traffic.sql
--
-- FOLDER holds the frames as images, in the order of their names; the network is YOLOX-Nano (its
-- project publishes it as ONNX) with the 80 names of COCO's classes, one a line.
CREATE STREAM frame (path TEXT, image IMAGE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = '${frames}',
        'timestamp.start' = '2026-01-01 00:00:00', 'timestamp.step' = '80 ms');

CREATE MODEL detector
  WITH ('provider' = 'onnx', 'path' = '${network}', 'decoder' = 'yolox', 'labels' = '${labels}');

CREATE VIEW box AS
  SELECT ts, d.label, d.score, d.x, d.y, d.w, d.h
  FROM frame CROSS JOIN UNNEST(detect(MODEL detector, image, 0.4)) AS d(label, score, x, y, w, h);

CREATE VIEW tracked AS SELECT * FROM TRACK(TABLE box, DESCRIPTOR(ts), SAME_LABEL => FALSE);

SELECT window_start, window_end, label,
       COUNT(DISTINCT track_id) AS things,
       COUNT(*) AS boxes
FROM HOP(TABLE tracked, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)
GROUP BY window_start, window_end, label;
