"""Opens `/dev/null` when it is imported: functions, closures and classes made here, pickled and loaded again."""

import dill


def facts():
    factor = 3

    class Local:
        def __init__(self, value):
            self.value = value

    copy = dill.loads(dill.dumps(lambda number: number * factor))
    return [copy(14), dill.loads(dill.dumps(Local(5))).value, dill.source.getsource(facts).splitlines()[0]]
