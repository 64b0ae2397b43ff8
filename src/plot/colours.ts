/** The colours of charts and pages, light and dark. They can be distinguished with colour blindness (Okabe and Ito 2008). */

/** What a colour is for: `a` to `e` tell series apart (blue, grey, orange, green, purple), the others are paper, text and lines. */
export type ColourName = 'paper' | 'card' | 'ink' | 'soft' | 'line' | 'grid' | 'shade' | Colour

/** Colours of series: blue, grey, orange, green, purple. */
export type Colour = 'a' | 'b' | 'c' | 'd' | 'e'

/** Values on light paper. */
export const lightColours: Readonly<Record<ColourName, string>> = {
  paper: '#fbfaf7',
  card: '#fff',
  ink: '#1d2330',
  soft: '#5d6678',
  line: '#e3e0d8',
  grid: '#eceae3',
  shade: 'rgba(213,94,0,.07)',
  a: '#0072b2',
  b: '#9a9da6',
  c: '#d55e00',
  d: '#009e73',
  e: '#cc79a7',
}

/** Values on dark paper. */
export const darkColours: Readonly<Record<ColourName, string>> = {
  paper: '#14171d',
  card: '#1b1f27',
  ink: '#e8e9ec',
  soft: '#9aa3b2',
  line: '#2d333e',
  grid: '#262b35',
  shade: 'rgba(240,138,60,.1)',
  a: '#56b4e9',
  b: '#7d8493',
  c: '#f08a3c',
  d: '#3fc79a',
  e: '#dd9bc2',
}

/** CSS custom properties of all colours: `--paper:#fbfaf7;--card:#fff;…`. */
export function colourProperties(colours: Readonly<Record<ColourName, string>>): string {
  return Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')
}
