// The guard's process: filled in by the guard's own room.
export {};
