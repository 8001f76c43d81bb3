/** A deterministic core as its adapter drives it: a `Replica` or a `Session`. */
export interface Core<Event, Effect> {
  /** Something gathered that leaves with the next `flush`. */
  readonly wantsFlush: boolean;
  step(event: Event, nowMs: number): readonly Effect[];
}

/**
 * What an adapter does for each kind of effect. A new kind of effect does not compile until every adapter says what it
 * does about it, even if that is nothing.
 */
export type Adapter<Effect extends { readonly kind: string }> = {
  readonly [Kind in Effect['kind']]: (effect: Extract<Effect, { readonly kind: Kind }>) => void;
};

/** Effects are carried out in the order given; the process may end between any two of them. */
export function carryOut<Effect extends { readonly kind: string }>(adapter: Adapter<Effect>, effect: Effect): void {
  const kind: Effect['kind'] = effect.kind;
  adapter[kind](effect as Extract<Effect, { readonly kind: typeof kind }>);
}
