from __future__ import annotations

import pytest

from hatch_os402.profiling.lazy_imports import compare
from hatch_os402.profiling.modules import Package, read_modules, unused_packages
from hatch_os402.profiling.running import Run
from hatch_os402.profiling.tree import COLLECTION, Stats, merge, overhead, phase

SECOND = 10**9


def run(*, a=10, b=4, shift=0, unloaded=(), without_b=False, cpu=None, out=b""):
    """A run whose entry point imports `a` in that many seconds, inside of which `b` is imported."""
    nodes = [["app", 5, 25, -3], ["a", 6, 6 + a, 0], ["b", 7, 7 + b, 1], ["late", 27, 28, -4]]
    if without_b:
        nodes = [node for node in nodes if node[0] not in ("a", "b")]
        nodes[1][3] = -4
    seen = {
        "started": 1 * SECOND,
        "ready": (2 + shift) * SECOND,
        "phases": [
            [name, begin * SECOND, end * SECOND]
            for name, begin, end in (("frame", 2, 3), ("launcher", 3, 4), ("entry", 4, 26), ("request", 26, 30))
        ],
        "nodes": [[name, begin * SECOND, end * SECOND, parent] for name, begin, end, parent in nodes],
        "reported": 31 * SECOND,
        "unloaded": list(unloaded),
        "origins": {name: f"/os402/app/{name}.py" for name in ("app", "a", "b")} | {"late": "/lib/late.py"},
        "used": {"app": 2, "late": 1},
        "callable": {"app": True, "a": True, "b": False, "late": True},
        "read": {"a": 100},
    }
    return Run(0, out, b"", 1.0, cpu, seen)


def own(tree):
    return {node.name: node.own for node, _ in tree.walk()}


def test_times_are_medians_of_what_is_a_nodes_own():
    tree = merge([run(a=10), run(a=12), run(a=16)])
    found = own(tree)
    assert (found["a"], found["b"], found["app"]) == (8, 4, 8)
    assert phase(tree, "entry").total == 2 + 8 + 8 + 4
    assert phase(tree, "interpreter").own == 1
    assert phase(tree, "ending") is None


def test_the_end_is_what_the_whole_process_used_after_the_report():
    assert phase(merge([run(cpu=33.0)]), "ending").own == 2
    assert overhead([run(), run(shift=1), run(shift=2)]) == 1 + 1 + 1


def test_what_never_ended_took_no_time():
    unended = run()
    unended.seen["nodes"][1][2] = 0  # `a`, which a thread was importing
    found = own(merge([unended]))
    assert (found["a"], found["app"]) == (0, 20)


def test_modules():
    modules = {module.name: module for module in read_modules(merge([run()]), run().seen)}
    assert {name: (module.used, module.importer) for name, module in modules.items()} == {
        "app": ("request", ""),
        "a": ("never", "app"),
        "b": ("unseen", "a"),
        "late": ("import", ""),
    }
    assert (modules["a"].own, modules["a"].total, modules["a"].read) == (6, 10, 100)
    assert (modules["a"].in_archive, modules["late"].in_archive) == (True, False)
    assert [package.name for package in unused_packages(modules.values())] == ["a", "late"]


def test_a_module_inside_its_own_import_counts_once():
    """`from package import a` imports `a` through the package, which may import `a` itself."""
    twice = run()
    twice.seen["nodes"][2][0] = "a"
    (module,) = [module for module in read_modules(merge([twice]), twice.seen) if module.name == "a"]
    assert (module.own, module.total, module.importer) == (10, 10, "app")


def test_a_garbage_collection_is_nobodys_own():
    collected = run()
    collected.seen["nodes"][2][0] = COLLECTION
    tree = merge([collected])
    assert (own(tree)["a"], own(tree)[COLLECTION]) == (6, 4)
    assert COLLECTION not in {module.name for module in read_modules(tree, collected.seen)}


@pytest.fixture
def tried():
    return (Package("a", 1, 6, "app", True), Package("c", 1, 1, "app", True))


def test_a_package_saves_what_only_it_needed(tried):
    before = [run(), run()]
    lazy_imports = compare(merge(before), before, [run(unloaded=["a"], without_b=True)], tried)
    assert [(saving.name, saving.own, saving.modules) for saving in lazy_imports.savings] == [("a", 10, 2)]
    assert lazy_imports.loaded_anyway == ()  # `c` did not happen either
    assert lazy_imports.before == Stats(30, 30, 30)


def test_what_somebody_else_imports_is_not_saved(tried):
    lazy_imports = compare(merge([run()]), [run()], [run(unloaded=["a"])], tried)
    assert [(saving.name, saving.own, saving.modules) for saving in lazy_imports.savings] == [("a", 6, 1)]


def test_nothing_stays_unloaded(tried):
    lazy_imports = compare(merge([run()]), [run()], [], tried)
    assert (lazy_imports.savings, lazy_imports.recommended, lazy_imports.loaded_anyway) == ((), (), tried)


def test_another_answer_is_no_advice(tried):
    lazy_imports = compare(merge([run()]), [run(out=b"x")], [run(out=b"y", unloaded=["a"])], tried)
    assert (lazy_imports.same_answer, lazy_imports.recommended) == (False, ())
