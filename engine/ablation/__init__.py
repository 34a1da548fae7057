"""What scaling neurons would do, answered from the cache, beside what costs as much."""
