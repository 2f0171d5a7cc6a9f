"""Numbers that say how near a decoded signal is to its source."""

from invr.metrics.fidelity import frame_psnr_db, mean_psnr_db, snr_db

__all__ = ["frame_psnr_db", "mean_psnr_db", "snr_db"]
