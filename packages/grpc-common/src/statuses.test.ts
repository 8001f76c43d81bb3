import { status } from '@grpc/grpc-js';
import { UnderstudyError } from '@understudy/core';
import { describe, expect, it } from 'vitest';
import { entriesOf } from './metadata.js';
import { errorReply, errorStatus, localStatus, statusOfUnderstudyError, wellFormed } from './statuses.js';

describe('a status of ours', () => {
  it('has the code, the words and the trailers of its error, however it is made', () => {
    const made = errorStatus('UNDERSTUDY_OVERLOADED', 'call again later');
    expect(made).toMatchObject({ code: status.RESOURCE_EXHAUSTED, details: 'UNDERSTUDY_OVERLOADED: call again later' });
    expect(made.metadata.getMap()).toEqual({
      'understudy-code': 'UNDERSTUDY_OVERLOADED',
      'understudy-may-have-taken-effect': 'false',
    });
    const thrown = statusOfUnderstudyError(new UnderstudyError('UNDERSTUDY_OVERLOADED', 'call again later'));
    expect({ ...thrown, metadata: thrown.metadata.getMap() }).toEqual({ ...made, metadata: made.metadata.getMap() });
    const { code, details, trailers } = errorReply('UNDERSTUDY_OVERLOADED', 'call again later');
    expect({ code, details, trailers }).toEqual({
      code: made.code,
      details: made.details,
      trailers: entriesOf(made.metadata),
    });
  });

  it('says that the call may have taken effect where that is known better than by its code', () => {
    const { metadata } = errorStatus('UNDERSTUDY_OVERLOADED', 'too much was written', { mayHaveTakenEffect: true });
    expect(metadata.get('understudy-may-have-taken-effect')).toEqual(['true']);
  });

  it('leaves out an address of the primary that no header can carry', () => {
    const { metadata } = errorStatus('UNDERSTUDY_NOT_PRIMARY', 'call the primary', { primaryAddress: 'grün\n' });
    expect(metadata.get('understudy-primary')).toEqual([]);
  });

  it('is indeterminate when gRPC itself ended a call that may have taken effect', () => {
    const effect = (may: boolean) => localStatus(status.CANCELLED, 'Cancelled on client', may).metadata.getMap();
    expect(effect(true)).toEqual({
      'understudy-code': 'UNDERSTUDY_INDETERMINATE',
      'understudy-may-have-taken-effect': 'true',
    });
    expect(effect(false)).toEqual({ 'understudy-may-have-taken-effect': 'false' });
  });

  it('has details that grpc-js can send, even if a name in them is half a character', () => {
    expect(wellFormed('half \ud800, whole \u{1f600}')).toBe('half \ufffd, whole \u{1f600}');
    expect(errorStatus('UNDERSTUDY_SETUP', 'half \ud800').details).toBe('UNDERSTUDY_SETUP: half \ufffd');
  });
});
