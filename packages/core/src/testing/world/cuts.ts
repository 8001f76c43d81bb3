/** Which processes cannot reach which: each direction is cut and mended by itself. */
export class Cuts {
  readonly #from = new Map<string, Set<string>>();
  #count = 0;

  get any(): boolean {
    return this.#count > 0;
  }

  cut(from: string, to: string): void {
    const cut = this.#from.get(from) ?? new Set();
    this.#from.set(from, cut);
    if (cut.has(to)) return;
    cut.add(to);
    this.#count++;
  }

  /** Both directions work again. */
  mend(a: string, b: string): void {
    if (this.#from.get(a)?.delete(b)) this.#count--;
    if (this.#from.get(b)?.delete(a)) this.#count--;
  }

  mendAll(): void {
    this.#from.clear();
    this.#count = 0;
  }

  isCut(from: string, to: string): boolean {
    return this.#count > 0 && this.#from.get(from)?.has(to) === true;
  }

  /** At least one direction is cut, so no link between the two can be made. */
  isCutBetween(a: string, b: string): boolean {
    return this.isCut(a, b) || this.isCut(b, a);
  }
}
