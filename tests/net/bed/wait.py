"""wait: nothing in these tests sleeps for a time and hopes; it waits for a state, and fails when that state
does not come."""
import time


class Timeout(Exception):
    """A state that was waited for did not come."""


def until(true, what, seconds=20.0):
    """Returns the first value of true() that is not false. Looks again at once, then ever less often."""
    end = time.monotonic() + seconds
    pause = 0.001
    while not (value := true()):
        if time.monotonic() > end:
            raise Timeout(f"waited {seconds:g} s for {what}")
        time.sleep(pause)
        pause = min(2 * pause, 0.05)
    return value
