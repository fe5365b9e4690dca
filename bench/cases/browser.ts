// What browsers send: a dozen headers, and a target and a cookie that are seldom the same twice on one connection,
// so that nothing remembered from the last request helps with this one.
import { SMALL_BODY } from '../origin/content.ts'
import { type BenchCase, type BenchRequest, HOST } from './bench-case.ts'

const VARIANTS = 499 // Prime, so that 64 connections do not fall into step with the list.

const AGENTS = [
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605.1.15',
]
const SECTIONS = ['products', 'articles', 'account/orders', 'search', 'static/images']

function variant(number: number): BenchRequest {
  const section = SECTIONS[number % SECTIONS.length]!
  // A multiplicative hash (Knuth): the same "random" values in every run.
  const id = Math.imul(number + 1, 2654435761) >>> 0
  const session = Array.from({ length: 4 }, (_, i) => (Math.imul(id + i, 2654435761) >>> 0).toString(16)).join('')
  return {
    method: 'GET',
    target: `/${section}/${id}?page=${number % 40}&sort=price&q=red%20shoes%20${number}`,
    headers: [
      ['Host', HOST],
      ['Connection', 'keep-alive'],
      ['User-Agent', AGENTS[number % AGENTS.length]!],
      ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
      ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.7'],
      ['Accept-Encoding', 'gzip, deflate, br, zstd'],
      ['Referer', `https://${HOST}/${section}?page=${(number + 1) % 40}`],
      ['Cookie', `session=${session}; theme=dark; consent=1; basket=${id % 977}; _ga=GA1.2.${id}.1760000000`],
      ['Upgrade-Insecure-Requests', '1'],
      ['Sec-Fetch-Dest', 'document'],
      ['Sec-Fetch-Mode', 'navigate'],
      ['Sec-Fetch-Site', 'same-origin'],
      ['Cache-Control', 'max-age=0'],
    ],
    body: null,
  }
}

export const browser: BenchCase = {
  name: 'browser',
  title: `browser-like requests: ${VARIANTS} targets and cookies, 13 headers, about 700 bytes, 64 connections, logging off`,
  connections: 64,
  connectionPerRequest: false,
  logging: false,
  requests: Array.from({ length: VARIANTS }, (_, number) => variant(number)),
  responseBody: SMALL_BODY,
}
