package dev.keybroker.console;

import jakarta.inject.Singleton;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.ext.ExceptionMapper;
import jakarta.ws.rs.ext.Provider;

/// Answers a refused call by a page in words, with the HTTP status that comes nearest.
@Provider
@Singleton
class RefusedPage implements ExceptionMapper<RefusedCall> {
  private final Pages pages;

  RefusedPage(Pages pages) {
    this.pages = pages;
  }

  @Override
  public Response toResponse(RefusedCall refused) {
    return Response.status(refused.httpStatus())
        .type(MediaType.TEXT_HTML_TYPE.withCharset("UTF-8"))
        .entity(pages.show(page -> Screens.refused(page, RefusalView.of(refused))))
        .build();
  }
}
