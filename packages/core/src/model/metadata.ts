/** gRPC metadata as ordered pairs; binary values for keys that end in `-bin`. */
export type MetadataEntries = readonly (readonly [key: string, value: string | Uint8Array])[];
