FROM python:3.11-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY tgk tgk
COPY audit audit
COPY rbac rbac
COPY orchestration orchestration
COPY commands commands
COPY integrations integrations
COPY bot bot
COPY sandbox sandbox
RUN python -m venv /opt/tgk \
 && /opt/tgk/bin/pip install --no-cache-dir -c constraints.txt . \
 && rm -rf /opt/tgk/lib/python3.11/site-packages/node_modules

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /app tgk && mkdir -p /app/var && chown -R tgk /app
COPY --from=build /opt/tgk /opt/tgk
COPY discovery.yml /app/
COPY rbac/policy.yml /app/rbac/
COPY docs/runbooks /app/docs/runbooks
ENV PATH=/opt/tgk/bin:$PATH PYTHONUNBUFFERED=1 TGK_HTTP=0.0.0.0:8080 TGK_STATE=/app/var
WORKDIR /app
USER tgk
VOLUME /app/var
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "bot"]
