/** The articles of the shop and their prices in cents. They never change, so they are not part of the state. */
export const PRICES_CENTS: ReadonlyMap<string, number> = new Map([
  ['teapot', 2_400],
  ['lamp', 4_900],
  ['armchair', 31_500],
]);
