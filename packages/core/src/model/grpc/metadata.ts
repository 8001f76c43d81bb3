/** gRPC metadata as the core carries it. */

/** gRPC metadata as ordered pairs. Keys that end in `-bin` have binary values. */
export type MetadataEntries = readonly (readonly [key: string, value: string | Uint8Array])[];
