"""A residual network as torchvision writes it: converted, given its old weights, trained on."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

import syntonic.torch as st


class BasicBlock(nn.Module):
    """After torchvision.models.resnet: `out += identity`, relu in place, a shortcut of its own."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outside)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(outside, outside, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outside)
        self.downsample: nn.Module | None = None
        if stride != 1 or inside != outside:
            self.downsample = nn.Sequential(
                nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside)
            )

    def forward(self, x: Tensor) -> Tensor:
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, 4, 3, padding=1, bias=False), nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.layer1, self.layer2 = BasicBlock(4, 4), BasicBlock(4, 8, 2)
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer2(self.layer1(self.relu(self.bn1(self.conv1(x)))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def data() -> tuple[Tensor, Tensor]:
    """Bars that lie or stand, with noise."""
    draws = torch.Generator().manual_seed(0)
    x = 0.3 * torch.randn(64, 1, 8, 8, generator=draws)
    y = torch.arange(64) % 2
    for image, kind, place in zip(x, y, torch.randint(8, (64,), generator=draws), strict=True):
        image[0, place if kind else slice(None), slice(None) if kind else place] += 1
    return x, y


def train(model: nn.Module, steps: int) -> list[float]:
    x, y = data()
    optimizer, losses = torch.optim.SGD(model.parameters(), 0.05, momentum=0.9), []
    model.train()
    for _ in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses


@pytest.fixture(scope="module")
def old() -> nn.Module:
    torch.manual_seed(0)
    model = ResNet()
    train(model, 5)
    return model.eval()


BATCH_NORMS = ["bn1", "layer1.bn1", "layer1.bn2", "layer2.bn1", "layer2.bn2", "layer2.downsample.1"]


@pytest.mark.parametrize("residuals", [False, True])
def test_old_weights_load_and_training_goes_on(old, residuals):
    model, report = st.goldenize(ResNet(), residuals=residuals)
    found = sorted((c.before, c.after) for c in report.changed)
    additions = [("iadd", "PhiResidual")] * residuals
    assert found == [("BatchNorm2d", "GoldenBatchNorm2d")] * len(BATCH_NORMS) + additions
    shortcut = [("iadd", "neither operand comes from the other")] * residuals
    assert [(c.before, c.reason) for c in report.kept] == shortcut
    assert list(model.state_dict()) == list(old.state_dict())
    model.load_state_dict(old.state_dict())  # strict
    assert all(torch.equal(v, old.state_dict()[k]) for k, v in model.state_dict().items())
    losses = train(model, 25)
    assert max(losses[-5:]) < 0.5 * losses[0]
    back = ResNet()
    back.load_state_dict(model.state_dict())


def test_a_converted_model_that_keeps_its_function(old):
    """`preserve=True`: the outputs of before, from which training goes on; and back."""
    x, _ = data()
    model = st.goldenize(copy.deepcopy(old), preserve=True).module
    torch.testing.assert_close(model(x), old(x), rtol=1e-4, atol=1e-5)
    plain = st.degoldenize(copy.deepcopy(model)).module
    torch.testing.assert_close(plain(x), old(x), rtol=1e-4, atol=1e-5)
    losses = train(model, 25)
    assert max(losses[-5:]) < 0.5 * losses[0]


def test_golden_residuals_are_what_they_say(old):
    """A block is relu(x + branch/φ); one whose shortcut is a layer of its own stays a plain sum."""
    x, _ = data()
    model = st.goldenize(copy.deepcopy(old), residuals=True).module
    hand = st.goldenize(copy.deepcopy(old)).module

    def block(b: nn.Module, x: Tensor) -> Tensor:
        branch = b.bn2(b.conv2(b.relu(b.bn1(b.conv1(x)))))
        if b.downsample is None:
            return torch.relu(st.phi_residual(x, branch))
        return torch.relu(b.downsample(x) + branch)

    y = block(hand.layer2, block(hand.layer1, hand.relu(hand.bn1(hand.conv1(x)))))
    wanted = hand.fc(torch.flatten(hand.avgpool(y), 1))
    torch.testing.assert_close(model(x), wanted, rtol=1e-5, atol=1e-6)
