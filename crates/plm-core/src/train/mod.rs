//! Training: optimiser, schedules, one explicit loop, checkpoints that resume exactly.
