/** Suggests the known name that a user probably meant. */

/** Two names that differ in a larger part of their letters are not mistaken for each other. */
const DIFFERS_IN_PART = 0.4;

/** @returns `; did you mean leaseMs?`, or nothing if no known name is near */
export function didYouMean(name: string, known: readonly string[]): string {
  let [best, least] = ['', Number.POSITIVE_INFINITY];
  for (const other of known) {
    const distance = editsBetween(name.slice(0, 60).toLowerCase(), other.toLowerCase());
    if (distance < least) [best, least] = [other, distance];
  }
  return least <= Math.max(1, best.length * DIFFERS_IN_PART) ? `; did you mean ${best}?` : '';
}

/** How many letters must be added, removed or replaced (Levenshtein). */
function editsBetween(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min((before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, replaced));
    }
    before = row;
  }
  return before[b.length] ?? 0;
}
