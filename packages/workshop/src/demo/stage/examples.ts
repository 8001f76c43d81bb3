/** The examples that the demo can show. Each has the name of its folder in the package of the examples. */
export const EXAMPLES = ['bank', 'route-guide', 'chat'] as const;
export type ExampleName = (typeof EXAMPLES)[number];
