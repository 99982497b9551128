"""learn_yardstick.py: PyTorch and scikit-learn at the work of learn_bench, by CPU seconds.

Prints "torch <thousand images a CPU second>" for the digits network at equal batch and optimizer on
2 threads, and "sklearn_1000" and "sklearn_1" (million rows) for partial_fit on batches of that many
rows. What is not installed is left out. Which ones: the arguments.
"""

import sys
import time


def torch_network(rows=12800, batch=128):
    import torch

    torch.set_num_threads(2)
    nn = torch.nn
    x = torch.rand(rows, 1, 28, 28)
    y = torch.randint(0, 10, (rows,))
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 10))
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    loss = nn.CrossEntropyLoss()

    def epoch(count):
        for i in range(0, count, batch):
            adam.zero_grad()
            loss(net(x[i:i + batch]), y[i:i + batch]).backward()
            adam.step()

    epoch(10 * batch)
    start, wall = time.process_time(), time.time()
    epoch(rows)
    used, wall = time.process_time() - start, time.time() - wall
    print("torch", rows / used / 1e3)
    print("torch_wall", rows / wall / 1e3)


def sklearn_rows(batch, rows):
    import numpy
    from sklearn.linear_model import SGDClassifier

    random = numpy.random.default_rng(1)
    x = random.random((rows, 8))
    y = (x.sum(axis=1) > 4).astype(int)
    model = SGDClassifier(loss="log_loss", learning_rate="constant", eta0=0.05)
    model.partial_fit(x[:batch + 1], y[:batch + 1], classes=[0, 1])
    start = time.process_time()
    for i in range(0, rows, batch):
        model.partial_fit(x[i:i + batch], y[i:i + batch])
    print(f"sklearn_{batch}", rows / (time.process_time() - start) / 1e6)


for what in sys.argv[1:]:
    try:
        if what == "torch":
            torch_network()
        elif what == "sklearn_1000":
            sklearn_rows(1000, 1000000)
        elif what == "sklearn_1":
            sklearn_rows(1, 5000)
    except ImportError as e:
        print(f"learn_yardstick.py: {e}", file=sys.stderr)
