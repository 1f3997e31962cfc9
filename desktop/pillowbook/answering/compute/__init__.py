"""Questions whose answer is computed: sums, differences, counts, lists, extremes, and arithmetic with dates."""
