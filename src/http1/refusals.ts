// Every reason for which we refuse a request before a server sees it, with the status and the text the client gets.
// Response heads are held to the same grammar; there a refusal becomes the failure `bad_response`.

export class Refusal {
  readonly code: string
  readonly status: number
  /** One sentence for the person at the other end. */
  readonly message: string

  constructor(code: string, status: number, message: string) {
    this.code = code
    this.status = status
    this.message = message
  }
}

export const REFUSALS = {
  notHttp: new Refusal('not_http', 400, 'These bytes are not HTTP; is the client speaking TLS to a plain HTTP port?'),
  bareLineBreak: new Refusal('bare_line_break', 400, 'A line does not end with CR LF.'),
  controlByte: new Refusal('control_byte', 400, 'The head contains a control byte.'),
  badRequestLine: new Refusal('bad_request_line', 400, 'The request line is not METHOD TARGET HTTP/1.1.'),
  badMethod: new Refusal('bad_method', 400, 'The method is not a token.'),
  badTarget: new Refusal('bad_target', 400, 'The request target is not valid.'),
  badVersion: new Refusal('version_not_supported', 505, 'Only HTTP/1.1 and HTTP/1.0 are spoken here.'),
  badStatusLine: new Refusal('bad_status_line', 400, 'The status line is not HTTP/1.1 STATUS REASON.'),
  badHeaderName: new Refusal('bad_header_name', 400, 'A header line does not begin with a name and a colon.'),
  foldedHeader: new Refusal('folded_header', 400, 'A header line is folded over several lines.'),
  missingHost: new Refusal('missing_host', 400, 'The Host header is missing.'),
  repeatedHost: new Refusal('repeated_host', 400, 'There is more than one Host header.'),
  badHost: new Refusal('bad_host', 400, 'The Host header is not a host and an optional port.'),
  badContentLength: new Refusal('bad_content_length', 400, 'Content-Length is not a number of bytes.'),
  repeatedContentLength: new Refusal('repeated_content_length', 400, 'There is more than one Content-Length.'),
  lengthAndChunked: new Refusal('length_and_chunked', 400, 'Content-Length and Transfer-Encoding exclude each other.'),
  badTransferEncoding: new Refusal('bad_transfer_encoding', 400, 'The only transfer coding here is chunked.'),
  framingLookAlike: new Refusal('framing_look_alike', 400, 'A header name looks like a framing header but is not one.'),
  badChunk: new Refusal('bad_chunk', 400, 'The chunked body is malformed.'),
  badTrailer: new Refusal(
    'bad_trailer',
    400,
    'The trailer section is malformed or holds a field that may not be there.',
  ),
  headTooLarge: new Refusal('head_too_large', 431, 'The request head is larger than allowed.'),
  tooManyHeaders: new Refusal('too_many_headers', 431, 'The request has more headers than allowed.'),
  targetTooLong: new Refusal('target_too_long', 414, 'The request target is longer than allowed.'),
  bodyTooLarge: new Refusal('body_too_large', 413, 'The request body is larger than allowed.'),
  headTimeout: new Refusal('head_timeout', 408, 'The request head did not arrive in time.'),
  bodyTimeout: new Refusal('body_timeout', 408, 'The request body did not arrive in time.'),
  connectMethod: new Refusal('connect_not_supported', 405, 'This is a reverse proxy; it does not serve CONNECT.'),
} as const
