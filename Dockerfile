# txt on the CPU, as a user without rights; a folder of yours is /data. --init ends the processes that txt began, and passes
# signals on; a training ends with its container, so keep its dashboard open until it is done:
#
#   docker build -t txt .
#   docker run --rm -it --init -v "$PWD:/data" -u "$(id -u):$(id -g)" txt train reviews.csv
#   docker run --rm --init -p 127.0.0.1:8000:8000 -e TXT_TOKEN=secret -v "$PWD:/data" txt serve 001 --host 0.0.0.0
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 txt && mkdir /data && chown txt /data
COPY . /src
# PyPI's torch for Linux brings CUDA, 5 GB of it; pip takes a smaller one from the index that is named here, if one is
ARG PIP_EXTRA_INDEX_URL
RUN pip install --no-cache-dir "/src[onnx,serve]" && rm -rf /src

ENV XDG_CACHE_HOME=/tmp/cache HOME=/home/txt
USER txt
WORKDIR /data
ENTRYPOINT ["txt"]
CMD ["--help"]
