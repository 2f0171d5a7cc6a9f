"""Coverage-guided fuzzing of whatever reads bytes of a file, with a mutator that keeps CRCs right."""
