/** The services that the demo can show, named as the folders that hold them. */
export const EXAMPLES = ['bank', 'route-guide', 'chat'] as const;
export type ExampleName = (typeof EXAMPLES)[number];
