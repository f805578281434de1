"""Threads of processes of which one runs on each core."""


def one_thread_each() -> None:
    """Keep OpenCV, and what numpy multiplies matrices with, to one thread in this process.

    Left alone each process starts as many threads as there are cores, which then wait for one another: two that draw staves
    side by side on two cores were together no faster than one.
    """
    import cv2
    from threadpoolctl import threadpool_limits

    cv2.setNumThreads(1)
    threadpool_limits(1)
