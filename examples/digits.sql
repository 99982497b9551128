-- Handwritten digits: a network is taught by the training images, written as an ONNX file, read back,
-- and asked about the test images as they come, two seconds of them at a time.
--
--   weir run --define data=FOLDER examples/digits.sql
--
-- FOLDER holds the MNIST data: train-images-idx3-ubyte.gz and its three fellows
-- (http://yann.lecun.com/exdb/mnist, and many mirrors). Five epochs end at 99.1 % of the test images,
-- whatever the seed; an epoch takes a few seconds. examples/data/digits.onnx was made by this script.
DEFINE IF NOT EXISTS epochs = '5';
DEFINE IF NOT EXISTS seed = '1';
DEFINE IF NOT EXISTS network = 'digits.onnx'; -- the file that is written

CREATE STREAM train (image IMAGE, label TEXT)
  WITH ('connector' = 'filesystem', 'format' = 'idx',
        'path' = '${data}/train-images-idx3-ubyte.gz',
        'idx.labels' = '${data}/train-labels-idx1-ubyte.gz');

CREATE MODEL digits INPUT (image IMAGE) OUTPUT (label TEXT)
  WITH ('provider' = 'train', 'type' = 'network', 'input' = '1x28x28',
        'layers' = 'conv 32 3x3, relu, maxpool 2, conv 64 3x3, relu, maxpool 2,
                    flatten, dense 10, softmax',
        'optimizer' = 'adam', 'learning-rate' = '0.002', 'decay' = '0.0005', 'average' = '500',
        'batch' = '128', 'shuffle' = '60000', 'epochs' = '${epochs}', 'seed' = '${seed}',
        'classes' = '0,1,2,3,4,5,6,7,8,9');

INSERT INTO MODEL digits SELECT image, label FROM train;
EXPORT MODEL digits TO '${network}';

-- The file opens in any ONNX runtime; here in this one.
CREATE MODEL reader INPUT (image IMAGE) OUTPUT (label TEXT, score DOUBLE)
  WITH ('provider' = 'onnx', 'path' = '${network}');

-- Ten thousand test images, as if a camera had seen one a millisecond.
CREATE STREAM seen (image IMAGE, label TEXT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'filesystem', 'format' = 'idx',
        'path' = '${data}/t10k-images-idx3-ubyte.gz',
        'idx.labels' = '${data}/t10k-labels-idx1-ubyte.gz',
        'timestamp.start' = '2026-01-01 00:00:00', 'timestamp.step' = '1 ms');

SELECT window_start,
       COUNT(*) AS images,
       ROUND(ACCURACY(classify(MODEL reader, image), label), 4) AS accuracy,
       ROUND(F1_SCORE(classify(MODEL reader, image), label), 4) AS f1
FROM TUMBLE(TABLE seen, DESCRIPTOR(ts), INTERVAL '2' SECOND)
GROUP BY window_start, window_end;

SELECT COUNT(*) AS images, ACCURACY(classify(MODEL reader, image), label) AS accuracy FROM seen;

-- What it takes for what, most often.
SELECT m.label, m.predicted, m.count
FROM (SELECT CONFUSION_MATRIX(classify(MODEL reader, image), label) AS matrix FROM seen) AS s
CROSS JOIN UNNEST(s.matrix) AS m(label, predicted, count)
WHERE m.label <> m.predicted
ORDER BY m.count DESC, m.label, m.predicted
LIMIT 5;
