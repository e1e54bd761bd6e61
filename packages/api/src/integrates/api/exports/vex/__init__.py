"""Writers of VEX documents: pure functions from statements to bytes."""
