"""Custom properties that Headrace adds to executions and to runs; stock TFX writes none of them.

None of these is ever put on an artifact: TFX's cache key hashes what is on those. docs/recorded-facts.md lists them.
"""

# On executions.

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
OUTPUTS = "headrace_outputs"  # names, sizes and times of what it left: digests by the output's "key/index", as JSON
CHANGED_INPUTS = "headrace_changed_inputs"  # places of inputs whose files changed while it ran, as JSON
CODE = "headrace_code"  # one digest of the code it ran, which KEY has file by file
CONDITION_INPUTS = "headrace_condition_inputs"  # keys of inputs that only its conditions read, as JSON
INPUT_FILES = "headrace_input_files"  # what an ExampleGen read: [path, bytes, time of change in ns] by split, as JSON
ROWS = "headrace_rows"  # rows by split, as JSON: those that an ExampleGen wrote, or that a StatisticsGen read
SKIPPED = "headrace_skipped"  # on a CANCELED execution: its node was skipped on purpose, nobody ended it
EXECUTOR = "headrace_executor"  # class path of what did the work, a stand-in or the stock executor
STOCK_REASON = "headrace_stock_reason"  # why a stand-in did not

# On a run's context.
RUN_STATE = "headrace_run_state"  # how the run ended, where its executions alone would not tell
GIT_COMMIT = "headrace_git_commit"  # of the project; missing where it is in no git repository
GIT_REMOTE = "headrace_git_remote"  # URL of its remote `origin`, without who logs in there; missing where it has none
GIT_FOLDER = "headrace_git_folder"  # of the project within its repository, "" for its root
GIT_DIRTY = "headrace_git_dirty"  # whether `git status` listed anything then, what is not ignored and not added too
VERSIONS = "headrace_versions"  # package to version, and "python", as JSON
USER = "headrace_user"
HOST = "headrace_host"
PARAMETERS = "headrace_parameters"  # RuntimeParameters and the values they had, defaults too, as JSON
DEFAULTS = "headrace_defaults"  # the RuntimeParameters' defaults, as JSON
COMMAND = "headrace_command"  # what was typed, quoted; of a run for one of several spans, what runs that span alone
BASIS = "headrace_basis"  # what a whole run started from, digests of code, definition and data by name, as JSON

# On artifacts, of types that declare it: a component's word to whoever runs the pipeline. Headrace only reads it.
NOTE = "note"
