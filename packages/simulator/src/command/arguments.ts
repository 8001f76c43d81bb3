import { InvalidArgumentError } from 'commander';

/** Reads an argument that must be a whole number. @throws InvalidArgumentError, which says what it must be */
export const wholeNumberOf =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
