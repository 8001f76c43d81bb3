import * as grpc from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { checkGrpcVersion } from './grpc-version.js';

describe('the version of grpc-js', () => {
  it('is good enough if it is the one that the tests use', () => {
    expect(() => checkGrpcVersion()).not.toThrow();
  });

  it('is refused with the version that is needed if it is older', () => {
    const { statusOrFromValue: _absent, ...older } = grpc.experimental as Record<string, unknown>;
    expect(() => checkGrpcVersion({ ...grpc, experimental: older })).toThrow(/UNDERSTUDY_SETUP.*1\.14/);
  });
});
