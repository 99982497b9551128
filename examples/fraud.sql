-- Learning while it happens: a logistic regression is asked about each row first and taught by it then,
-- so that its score is always of rows that it had not seen.
--
--   weir run --define rows=FILE examples/fraud.sql
--
-- FILE is the electricity market of New South Wales ("elec", a CSV with a header that many suites for
-- learning from streams bring): six numbers, and whether the price rose. It stands here for a stream of
-- payments and their verdicts: the SQL is the same.
CREATE STREAM payment (period DOUBLE, nswprice DOUBLE, nswdemand DOUBLE, vicprice DOUBLE,
                       vicdemand DOUBLE, transfer DOUBLE, class BIGINT)
  WITH ('connector' = 'filesystem', 'path' = '${rows}', 'format' = 'csv', 'header' = 'true');

CREATE MODEL fraud INPUT (period DOUBLE, nswprice DOUBLE, nswdemand DOUBLE, vicprice DOUBLE,
                          vicdemand DOUBLE, transfer DOUBLE)
  OUTPUT (p DOUBLE)
  WITH ('provider' = 'train', 'type' = 'logistic', 'optimizer' = 'sgd', 'learning-rate' = '1',
        'publish-rows' = '1000');

INSERT INTO MODEL fraud
  SELECT period, nswprice, nswdemand, vicprice, vicdemand, transfer, class = 1 FROM payment;

-- A row for every thousand payments: how many were called rightly before they were known.
SELECT rows, ROUND(loss, 4) AS loss, ROUND(accuracy, 4) AS accuracy
FROM fraud$training ORDER BY rows DESC LIMIT 5;
SELECT ROUND(AVG(accuracy), 4) AS prequential FROM fraud$training;
