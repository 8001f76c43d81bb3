/** ASCII only: requests and states of scenarios. */
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));

export const textOf = (bytes: Uint8Array | undefined): string => String.fromCharCode(...(bytes ?? []));

export const hex32 = (n: number): string => n.toString(16).padStart(32, '0');

/** FNV-1a, for digests of scenario outcomes. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
