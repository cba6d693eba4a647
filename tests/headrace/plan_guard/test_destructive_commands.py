from pathlib import Path

import pytest

from headrace.plan_guard.destructive_commands import is_destructive


@pytest.mark.parametrize(
    "command",
    [
        ["rm", "-rf", "x"],
        ["/bin/mv", "a", "b"],
        ["sudo", "-n", "rm", "x"],
        ["env", "A=1", "timeout", "10", "rmdir", "x"],
        ["bash", "-ec", "cd x && rm -rf *"],
        ["find", ".", "-name", "*.tmp", "-delete"],
        ["find", ".", "-exec", "rm", "{}", "+"],
        ["git", "-C", "x", "clean", "-fd"],
        ["aws", "s3", "rm", "s3://bucket/x"],
        ["rsync", "-a", "--delete", "a/", "b/"],
        ["dd", "if=/dev/zero", "of=x"],
        "rm -rf x",
        "true; rm x",
        "true\nrm x",
        "A=1 rm x",
        "if true; then rm x; fi",
        "ls | xargs rm",
        "echo $(rm x) `rm y`",
        "(rm x)",
        "cat <<END\nit's\nEND\nrm x",
    ],
)
def test_a_command_that_removes_is_told(command: str | list[str]) -> None:
    assert is_destructive(command)


@pytest.mark.parametrize(
    "command",
    [
        ["git", "rev-parse", "HEAD"],
        ["sh", "-c", "echo 'rm x' >> log"],
        ["nvidia-smi", "-L"],
        ["find", ".", "-name", "x"],
        "mkdir -p x && cp a b 2>/dev/null",
        "echo form > new",
        "",
        [],
    ],
)
def test_another_is_not(command: str | list[str]) -> None:
    assert not is_destructive(command)


def test_a_line_that_overwrites_a_file_is_told(tmp_path: Path) -> None:
    assert not is_destructive(f"echo x > {tmp_path}/file")
    (tmp_path / "file").touch()
    for line in ("echo x > {}/file", "echo x >{}/file", "make 2>{}/file", "make &> {}/file"):
        assert is_destructive(line.format(tmp_path)), line
    assert not is_destructive(f"echo x >> {tmp_path}/file")
