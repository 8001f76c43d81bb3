/** An object under construction: its properties can still be set. */
export type Draft<T> = { -readonly [K in keyof T]: T[K] };
