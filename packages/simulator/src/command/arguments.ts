import { InvalidArgumentError } from 'commander';

/** Reads an argument as a whole number. @throws InvalidArgumentError that names the allowed range */
export const wholeNumberOf =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
