"""The one error type for everything that a user can cause and a user can mend."""


class VoGanError(Exception):
    """Bad input: a missing file, a wrong layout, a broken calibration, an unreadable frame.

    The message names the path, what was expected there and what to do. The command line prints it without a
    traceback and exits with 2.
    """
