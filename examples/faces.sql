-- Faces: people are enrolled with a few pictures each, and other pictures are matched to them by the
-- nearest of their vectors.
--
--   weir run --define known=GLOB --define seen=GLOB --define detector=ultraface.onnx \
--            --define network=mobilefacenet.onnx examples/faces.sql
--
-- The globs name images in a folder for each person: people/ann/1.jpg. The detector is
-- Ultra-Light-Fast-Generic-Face-Detector's RFB-320, the other network one that makes vectors of faces
-- of 112 x 112 pixels, such as MobileFaceNet. Where no face is found the whole picture is taken.
CREATE STREAM known (path TEXT, image IMAGE)
  WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = '${known}');
CREATE STREAM seen (path TEXT, image IMAGE)
  WITH ('connector' = 'filesystem', 'format' = 'raw', 'path' = '${seen}');

CREATE MODEL finder WITH ('provider' = 'onnx', 'path' = '${detector}', 'decoder' = 'ultraface');
CREATE MODEL face WITH ('provider' = 'onnx', 'path' = '${network}', 'task' = 'embedding',
                        'mean' = '127.5', 'std' = '128');
CREATE MODEL person INPUT (v VECTOR(128)) OUTPUT (name TEXT, distance DOUBLE)
  WITH ('provider' = 'train', 'type' = 'knn', 'metric' = 'cosine');

-- The best face of a picture, cut out; the folder is the person's name.
CREATE VIEW known_box AS SELECT path, image, detect(MODEL finder, image) AS box FROM known;
CREATE VIEW enrolled AS
  SELECT SPLIT_INDEX(path, '/', LENGTH(path) - LENGTH(REPLACE(path, '/', '')) - 1) AS name,
         embed(MODEL face, CASE WHEN CARDINALITY(box) = 0 THEN image ELSE
           image_crop(image, CAST(box[1].x AS BIGINT), CAST(box[1].y AS BIGINT),
                      CAST(box[1].w AS BIGINT), CAST(box[1].h AS BIGINT)) END) AS v
  FROM known_box;

INSERT INTO MODEL person SELECT v, name FROM enrolled;

CREATE VIEW seen_box AS SELECT path, image, detect(MODEL finder, image) AS box FROM seen;
CREATE VIEW asked AS
  SELECT path, CARDINALITY(box) AS faces,
         embed(MODEL face, CASE WHEN CARDINALITY(box) = 0 THEN image ELSE
           image_crop(image, CAST(box[1].x AS BIGINT), CAST(box[1].y AS BIGINT),
                      CAST(box[1].w AS BIGINT), CAST(box[1].h AS BIGINT)) END) AS v
  FROM seen_box;

SELECT path, faces, who.name, ROUND(who.distance, 3) AS distance
FROM (SELECT path, faces, predict(MODEL person, v) AS who FROM asked) AS a;
