"""The clusterer: scikit-learn's HDBSCAN in a process of its own."""
