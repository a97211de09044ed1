import { describe, expect, it } from 'vitest';
import { randomPlaces } from '@/features/fan/picks';

describe('randomPlaces', () => {
  it('takes different places that are free', () => {
    for (let round = 0; round < 200; round += 1) {
      const places = randomPlaces(9, 12, [0, 5, 11]);
      expect(new Set(places).size).toBe(9);
      expect([...places].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 6, 7, 8, 9, 10]);
    }
  });

  it('leaves no place out and favours none', () => {
    const counts = new Array<number>(10).fill(0);
    for (let round = 0; round < 4000; round += 1) {
      for (const place of randomPlaces(1, 10, [])) counts[place] = (counts[place] ?? 0) + 1;
    }
    // 400 expected each, standard deviation 19: six of them either way.
    for (const count of counts) expect(Math.abs(count - 400)).toBeLessThan(114);
  });
});
