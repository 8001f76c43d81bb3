/** What the shop sells, and for how many cents. It does not change, so it is no part of the state. */
export const PRICES_CENTS: ReadonlyMap<string, number> = new Map([
  ['teapot', 2_400],
  ['lamp', 4_900],
  ['armchair', 31_500],
]);
