"""Custom properties that Headrace adds to executions; stock TFX writes none of them."""

CPU_SECONDS = "headrace_cpu_seconds"  # user and system time of the node's process
PEAK_MEMORY_BYTES = "headrace_peak_memory_bytes"  # of the node's process, what it shares with the warm server included
WALL_SECONDS = "headrace_wall_seconds"  # of the node's process
LOG = "headrace_log"  # path of the node's log
ERROR_KIND = "headrace_error_kind"  # the exception's type
ERROR_MESSAGE = "headrace_error_message"
ERROR_WHERE = "headrace_error_where"  # file:line of the user's code, or what the error names
ERROR_WHY = "headrace_error_why"
ERROR_NEXT = "headrace_error_next"  # what to do about it, a command where there is one
KEY = "headrace_key"  # what went into the cache key, in parts: KeyParts as JSON
OUTPUTS = "headrace_outputs"  # names and sizes of what it left: a digest for each output's "key/index", as JSON
SKIPPED = "headrace_skipped"  # on a CANCELED execution: its node was skipped on purpose, nobody ended it
RUN_STATE = "headrace_run_state"  # on a run's context: how the run ended, where its executions alone would not tell
EXECUTOR = "headrace_executor"  # class path of what did the work, a stand-in or the stock executor
STOCK_REASON = "headrace_stock_reason"  # why a stand-in did not
