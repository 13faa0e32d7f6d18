"""The native pools of threads, of which there are none, and limits for them."""

import threadpoolctl


def facts():
    with threadpoolctl.threadpool_limits(limits=1):
        inside = threadpoolctl.threadpool_info()
    return {"pools": inside, "controller": threadpoolctl.ThreadpoolController().info()}
