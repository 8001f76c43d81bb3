import { describe, expect, it } from 'vitest';
import { agreedVersion } from './spoken.js';

const speaks = (oldest: number, newest: number) => ({ oldest, newest });

describe('two processes that speak ranges of versions', () => {
  it.each([
    [speaks(2, 2), speaks(2, 2), 2],
    [speaks(2, 3), speaks(2, 2), 2],
    [speaks(2, 3), speaks(3, 4), 3],
    [speaks(2, 4), speaks(1, 3), 3],
  ])('%o and %o use the lower of the two newest, %i', (mine, theirs, version) => {
    expect(agreedVersion(mine, theirs)).toBe(version);
    expect(agreedVersion(theirs, mine)).toBe(version);
  });

  it('are refused if they have none in common, and told which one to upgrade', () => {
    expect(() => agreedVersion(speaks(2, 2), speaks(3, 4))).toThrow(
      'UNDERSTUDY_SETUP: this process speaks version 2 of the wire and the other versions 3 to 4; upgrade this one to a release that speaks both',
    );
    expect(() => agreedVersion(speaks(3, 4), speaks(2, 2))).toThrow(
      'upgrade the other one to a release that speaks both',
    );
    expect(() => agreedVersion(speaks(2, 2), speaks(5, 1))).toThrow('UNDERSTUDY_SETUP');
  });
});
