"""What a sweep tries: every combination, draws of their distributions, names that tell settings apart."""

from ganzoo_sweep.settings import Distribution, read_sweep
from ganzoo_sweep.trials import draw, plan
from sweeps import write


def trials_of(text):
    return plan(read_sweep(write(text)))


def texts(trial):
    return [override.text for override in trial.overrides]


def test_a_grid_is_every_combination_with_every_seed():
    trials = trials_of("{config: base.yaml, grid: {a.lr: [1, 2], b.lr: [3, 4, 5]}, seeds: [7, 8]}")
    assert len(trials) == 2 * 3 * 2
    assert texts(trials[0]) == ["a.lr=1", "b.lr=3", "train.seed=7"]
    assert texts(trials[-1]) == ["a.lr=2", "b.lr=5", "train.seed=8"]
    assert len({trial.name for trial in trials}) == 12
    assert trials[0].name == "a.lr=1,b.lr=3,seed=7"


def test_what_is_set_for_all_comes_with_every_trial_and_sections_come_before_their_keys():
    (trial,) = trials_of("{config: base.yaml, set: {critic.hidden: [8]}, grid: {critic: [{name: mlp, norm: layer}]}}")
    assert texts(trial) == ["critic={name: mlp, norm: layer}", "critic.hidden=[8]"]


def test_settings_whose_keys_belong_together_are_not_combined_among_themselves():
    settings = "[{train.steps: 9, critic.lr: 1}, {train.steps: 5, critic.lr: 2}]"
    trials = trials_of(f"{{config: base.yaml, grid: {{loss: [hinge, r1]}}, settings: {settings}, seeds: [0, 1]}}")
    assert [texts(trial) for trial in trials[::2]] == [
        [f"loss={loss}", f"train.steps={steps}", f"critic.lr={lr}", "train.seed=0"]
        for loss in ("hinge", "r1")
        for steps, lr in ((9, 1), (5, 2))
    ]


def test_without_seeds_the_configurations_own_is_used():
    (trial,) = trials_of("config: base.yaml")
    assert (trial.name, trial.seed, texts(trial)) == ("trial", None, [])


def test_draws_stay_when_more_are_asked_for_and_keys_are_added():
    few = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}}, draws: 3}")
    many = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}, width: {integers: [1, 9]}}, draws: 5}")
    assert [t.setting["lr"] for t in many][:3] == [t.setting["lr"] for t in few]
    other = trials_of("{config: base.yaml, random: {lr: {log_uniform: [1e-5, 1e-2]}}, draws: 3, draw_seed: 1}")
    assert {t.setting["lr"] for t in other}.isdisjoint({t.setting["lr"] for t in few})


def test_draws_have_their_distribution():
    def drawn(n=2000, **kind):
        distribution = Distribution(**kind)
        return [draw(distribution, str(i)) for i in range(n)]

    small = drawn(log_uniform=(1e-4, 1.0))
    assert min(small) >= 1e-4
    assert max(small) <= 1
    for low in (1e-4, 1e-3, 1e-2, 1e-1):  # each order of magnitude as likely
        assert 0.2 < sum(low <= value < 10 * low for value in small) / 2000 < 0.3
    even = drawn(uniform=(2.0, 4.0))
    assert 0.45 < sum(value < 3 for value in even) / 2000 < 0.55
    assert set(drawn(integers=(1, 3))) == {1, 2, 3}
    assert set(drawn(choice=["a", "b"])) == {"a", "b"}


def test_names_hold_any_value_and_tell_settings_apart():
    trials = trials_of("{config: base.yaml, grid: {loss: [[wasserstein, r1], 'wasserstein r1', '../x', '" + "y" * 300 + "']}}")
    names = [trial.name for trial in trials]
    assert len(set(names)) == 4
    assert all(len(name) <= 120 and "/" not in name and " " not in name for name in names)
