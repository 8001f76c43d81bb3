/** An event that may happen next in a run. */
export interface Act {
  act(): void;
}
