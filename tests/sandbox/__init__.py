"""AWS on a laptop: moto, what it lacks, and faults on demand.  See README.md."""
