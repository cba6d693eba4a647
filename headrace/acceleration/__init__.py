"""Arrow-native executors that stand in for slow stock ones, with the same outputs."""
