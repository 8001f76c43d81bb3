/** The ids of all operations in the order in which the bank took them, with a digest that grows along. */
export class History {
  readonly #ids: number[] = [];
  #a = 0x811c_9dc5;
  #b = 0x1000_193f;

  static of(ids: Iterable<number>): History {
    const history = new History();
    for (const id of ids) history.append(id);
    return history;
  }

  get length(): number {
    return this.#ids.length;
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  append(id: number): void {
    this.#ids.push(id);
    // Two multiplicative lanes; the shift carries high bits down, so that the digest depends on the order everywhere.
    const a = Math.imul(this.#a ^ id, 0x9e37_79b1);
    const b = Math.imul(this.#b ^ id, 0x5f35_6495);
    this.#a = a ^ (a >>> 15);
    this.#b = b ^ (b >>> 13);
  }

  page(after: number, limit: number): number[] {
    return this.#ids.slice(after, after + limit);
  }

  /** 16 hexadecimal digits; equal for equal ids in equal order. Guards against accidents, not against malice. */
  get digest(): string {
    return hex(this.#a) + hex(this.#b);
  }
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
