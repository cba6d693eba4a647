"""What keeps a program that is executed for a plan from harming the files that are there."""
