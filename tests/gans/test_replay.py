from __future__ import annotations

import io

import torch

from vo_gan.gans.replay import ReplayPool


def numbered(start: int, count: int) -> torch.Tensor:
    return torch.arange(start, start + count, dtype=torch.float32).reshape(-1, 1, 1, 1)


def test_it_fills_first_then_swaps_half_the_time() -> None:
    pool = ReplayPool(capacity=10, seed=1)
    assert torch.equal(pool.exchange(numbered(0, 10)), numbered(0, 10))
    assert len(pool) == 10
    given = numbered(10, 400)
    received = pool.exchange(given)
    fresh = (received == given).float().mean().item()
    assert 0.42 < fresh < 0.58
    assert (received <= given).all()
    # Nothing is lost or doubled.
    held = torch.stack(pool.state_dict()["images"])
    everything = torch.cat([received, held]).flatten().sort().values
    assert torch.equal(everything, torch.arange(410, dtype=torch.float32))


def test_images_are_detached_and_kept_apart() -> None:
    pool = ReplayPool(capacity=1)
    image = numbered(0, 1).requires_grad_(True)
    assert not pool.exchange(image * 1).requires_grad
    fake = numbered(7, 1)
    pool = ReplayPool(capacity=1)
    pool.exchange(fake)
    fake.zero_()
    assert pool.state_dict()["images"][0].item() == 7
    assert torch.equal(ReplayPool(capacity=0).exchange(fake), fake)


def test_a_resumed_pool_goes_on_exactly() -> None:
    pool = ReplayPool(capacity=5, seed=3)
    pool.exchange(numbered(0, 20))
    file = io.BytesIO()
    torch.save(pool.state_dict(), file)
    expected = pool.exchange(numbered(20, 20))
    file.seek(0)
    resumed = ReplayPool(capacity=5, seed=99)
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(resumed.exchange(numbered(20, 20)), expected)
