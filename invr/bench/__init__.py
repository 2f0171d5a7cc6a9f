"""`bench`: the same clips through invr and through ordinary codecs, measured alike."""
